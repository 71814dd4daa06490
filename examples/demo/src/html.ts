/** A piece of HTML, as opposed to text that has to be escaped first. */
export class Html {
  constructor(readonly source: string) {}
}

type Content = Html | string | number | false | undefined | readonly Content[];

/** Makes HTML from a template. Texts are escaped, lists are joined, `undefined` and `false` leave nothing. */
export function html(template: readonly string[], ...contents: Content[]): Html {
  return new Html(template.map((part, index) => (index === 0 ? '' : sourceOf(contents[index - 1])) + part).join(''));
}

function sourceOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.source;
  if (typeof content === 'object') return content.map(sourceOf).join('');
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
