// Installs the npm packages, unless they are installed already.
import { installPackages } from './lib/packages.mjs';

installPackages();
