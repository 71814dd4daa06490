declare module '*.css' {
  const source: string;
  export default source;
}

declare module '*.browser.js' {
  const source: string;
  export default source;
}
