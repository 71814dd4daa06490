// Checks Kubernetes documents, read as JSON from standard input, against the schemas in the packages kubernetes-models and
// @kubernetes-models/prometheus-operator, and prints the error of each, or an empty text. A separate program, because jest cannot
// load these ES modules.
import { text } from 'node:stream/consumers';

const problems = await Promise.all(JSON.parse(await text(process.stdin)).map(problemOf));
process.stdout.write(JSON.stringify(problems));

async function problemOf(document) {
  const { apiVersion, kind } = document;
  const packageName = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  try {
    const { [kind]: Model } = await import(`${packageName}/${apiVersion}/${kind}`);
    new Model(document).validate();
    return '';
  } catch (error) {
    return error.message;
  }
}
