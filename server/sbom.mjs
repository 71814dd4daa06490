import { readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/**
 * What the bundle is made of, as CycloneDX 1.6 in JSON. Two builds of one commit make the same text, so it has neither a time nor a
 * serial number.
 *
 * @param {string} root of the repository, whose lock file has the hashes of packages
 * @param {readonly string[]} folders of the bundled packages
 */
export function billOfMaterials(root, folders) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const server = JSON.parse(readFileSync(join(root, 'server', 'package.json'), 'utf8'));
  const components = folders.map((folder) => {
    const installed = relative(root, resolve(folder)).split(sep).join('/');
    const { integrity } = packages[installed] ?? {};
    return { ...component('library', readPackage(folder)), ...(integrity && { hashes: [hashOf(integrity)] }) };
  });
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component('application', server) },
    components: [...new Map(components.map((one) => [one['bom-ref'], one])).values()],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function component(type, { name, version, license }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type, 'bom-ref': purl, name, version, purl, ...(license && { licenses: [{ expression: license }] }) };
}

/** `sha512-` and base64 in the lock file, hexadecimal digits here. */
function hashOf(integrity) {
  const [, content] = /^sha512-(\S+)/.exec(integrity);
  return { alg: 'SHA-512', content: Buffer.from(content, 'base64').toString('hex') };
}
