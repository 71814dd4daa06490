/** The pictures of the demo that documents show. */
export const shownPictures = [
  'demo-shop-light-wide.png',
  'demo-shop-dark-wide.png',
  'demo-windows-light-wide.png',
  'demo-windows-dark-wide.png',
];
