/** Set by build.mjs. */
declare const buildCommit: string | undefined;

/** The commit that the program was built from, with `-dirty` if files differed; `undefined`: not known. */
export const commit = typeof buildCommit === 'string' ? buildCommit : undefined;
