/** The pictures that documents show. */
export const shownPictures = [
  'demo-shop-light-wide.png',
  'demo-shop-dark-wide.png',
  'demo-windows-light-wide.png',
  'demo-windows-dark-wide.png',
  'inspector-page-light-wide.png',
  'inspector-page-dark-wide.png',
];
