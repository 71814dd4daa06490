import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root, rowsOf } from './markdown';

const folder = 'docs/decisions';
const records = readdirSync(join(root, folder)).filter((file) => file !== 'README.md');

describe(folder, () => {
  test('numbers the records one after another', () => {
    expect(records.map((file) => file.slice(0, 4))).toEqual(records.map((_, at) => String(at + 1).padStart(4, '0')));
  });

  test.each(records)('%s has a status, a date, and the three parts', (file) => {
    const text = readFileSync(join(root, folder, file), 'utf8');
    expect(text).toMatch(
      new RegExp(`^# ${Number(file.slice(0, 4))}\\. .+\\n\\n- Status: (Accepted|Superseded by .+)\\n`),
    );
    expect(text).toMatch(/^- Date: \d{4}-\d\d-\d\d$/m);
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(parts).toEqual(['Context', 'Decision', 'Consequences']);
  });

  test('lists every record in the index, with its title, status and date', () => {
    const listed = rowsOf(`${folder}/README.md`).map(({ record, decision, status, date }) => ({
      file: /\((.+)\)/.exec(record ?? '')?.[1],
      ...{ decision, status, date },
    }));
    const expected = records.map((file) => {
      const text = readFileSync(join(root, folder, file), 'utf8');
      const of = (pattern: RegExp) => pattern.exec(text)?.[1];
      return {
        file,
        decision: of(/^# \d+\. (.+)$/m),
        status: of(/^- Status: (.+)$/m),
        date: of(/^- Date: (.+)$/m),
      };
    });
    expect(listed).toEqual(expected);
  });
});
