/** A page of docs/ that is generated from the code. */
export function page(title: string, introduction: readonly string[], ...parts: string[]): string {
  const notice = '<!-- Printed from the code by `npm run generate`. Do not edit. -->';
  return [`# ${title}`, '', notice, '', ...introduction, '', ...parts].join('\n');
}

export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [heading, heading.map(() => '---'), ...rows].map(line).join('');
}

export function code(text: string): string {
  return `\`${text}\``;
}
