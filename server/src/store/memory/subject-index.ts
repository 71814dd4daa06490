/** The handles of each subject's sessions. */
export class SubjectIndex {
  readonly #handles = new Map<string, Set<string>>();

  /** @param from the session's subject until now, and `to` from now on; `undefined`: none */
  move(handle: string, from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    if (from !== undefined) this.#remove(handle, from);
    if (to !== undefined) this.#add(handle, to);
  }

  /** A copy, in the order of the handles. */
  handlesOf(subject: string): string[] {
    return [...(this.#handles.get(subject) ?? [])].sort();
  }

  #add(handle: string, subject: string): void {
    const handles = this.#handles.get(subject);
    if (handles === undefined) this.#handles.set(subject, new Set([handle]));
    else handles.add(handle);
  }

  #remove(handle: string, subject: string): void {
    const handles = this.#handles.get(subject);
    handles?.delete(handle);
    if (handles?.size === 0) this.#handles.delete(subject);
  }
}
