import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { blocksOf, root, rowsOf, withoutCode } from './markdown';

const page = 'docs/guide/net-http.md';
const modules = join(root, 'test/interop/go/web');
const { go } = toolchains();
sayIfMissing(`the programs of ${page}`, go);
const run = go.missing === undefined ? test : test.skip;

const stack = stackForAllTests();
let directory: string;

const blocks = blocksOf(page).flatMap(({ language, text }) => (language === 'go' ? [text] : []));
const routers = blocks.flatMap((text) => /func (\w+Routes)\(/.exec(text)?.[1] ?? []);

/** What the page shows: the program, its test, and a file for each router. */
function filesOfPage(): Readonly<Record<string, string>> {
  const isFile = (text: string): boolean => text.startsWith('package ');
  const files: Record<string, string> = {
    'main.go': blocks.filter((text, index) => index === 0 || !isFile(text)).join('\n'),
  };
  for (const text of blocks.slice(1).filter(isFile))
    files[text.includes('"testing"') ? 'shop_test.go' : `${/func (\w+)/.exec(text)?.[1]}.go`] = text;
  return files;
}

/** Counts two visits with each router. */
const testOfRouters = `package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func TestRouters(t *testing.T) {
	client, err := sidecar.Dial("localhost:50051")
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := websession.New(client, websession.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, routes := range map[string]func(*websession.Manager) http.Handler{${routers.map((name) => `"${name}": ${name}, `).join('')}} {
		server := httptest.NewServer(routes(sessions))
		defer server.Close()
		jar, _ := cookiejar.New(nil)
		browser := &http.Client{Jar: jar}
		for _, want := range []string{"1", "2"} {
			response, err := browser.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			if string(body) != want {
				t.Errorf("%s: got %q instead of %s", name, body, want)
			}
		}
		forged, err := browser.Post(server.URL, "text/plain", nil)
		if err != nil || forged.StatusCode != http.StatusForbidden {
			t.Errorf("%s lets a forged request pass", name)
		}
	}
}
`;

beforeAll(async () => {
  const sidecar = await stack.sidecar();
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
  const list = readFileSync(join(modules, 'go.mod'), 'utf8');
  writeFileSync(join(directory, 'go.mod'), list.replaceAll('../../../../', `${root}/`));
  copyFileSync(join(modules, 'go.sum'), join(directory, 'go.sum'));
  for (const [file, text] of Object.entries({ ...filesOfPage(), 'routers_test.go': testOfRouters }))
    writeFileSync(join(directory, file), text.replaceAll('localhost:50051', sidecar.address));
});

describe(page, () => {
  const text = readFileSync(join(root, page), 'utf8');
  const source = 'client/go/websession';
  const code = readdirSync(join(root, source))
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'))
    .map((file) => readFileSync(join(root, source, file), 'utf8'))
    .join('\n');

  run('has programs that are formatted, pass go vet, and do what the page says', async () => {
    const { command, env } = go as Found;
    const at = { cwd: directory, env };
    expect((await execute('gofmt', ['-l', ...Object.keys(filesOfPage())], at)).stdout).toBe('');
    await execute(command, ['vet', '.'], at);
    expect(routers).toEqual(['chiRoutes', 'ginRoutes', 'echoRoutes']);
    const tested = await execute(command, ['test', '-v', '-count=1', '.'], at).catch((failure: unknown) => {
      throw new Error((failure as { stdout: string }).stdout);
    });
    for (const name of ['TestShop', 'TestRouters']) expect(tested.stdout).toContain(`--- PASS: ${name} `);
  });

  test('shows each router in at most ten lines of its own', () => {
    for (const name of routers) {
      const block = blocks.find((each) => each.includes(`func ${name}(`))!;
      const body = block
        .slice(block.indexOf(`func ${name}(`))
        .trim()
        .split('\n');
      expect(body.length).toBeLessThanOrEqual(10);
    }
  });

  const listed = [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);

  test('lists everything that can be called', () => {
    const names = [...code.matchAll(/^func (?:\(m \*Manager\) )?([A-Z]\w*)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => name !== 'String' && !listed.includes(name))).toEqual([]);
  });

  test('lists every option', () => {
    const fieldsOf = (type: string) =>
      [
        ...(new RegExp(`^type ${type} struct \\{\n([^]*?)^\\}`, 'm').exec(code)?.[1] ?? '').matchAll(/^\t([A-Z]\w*)/gm),
      ].map(([, name]) => name);
    expect(rowsOf(page).flatMap((row) => row['Option'] ?? [])).toEqual(
      fieldsOf('Options').map((name) => `\`${name}\``),
    );
    expect(listed).toEqual(expect.arrayContaining(fieldsOf('Cookie')));
  });

  test('every link to a file leads somewhere', () => {
    const links = [...withoutCode(text).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) =>
      join(root, 'docs/guide', path),
    );
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});
