/* apache-arrow.mjs -- the same copy of apache-arrow that LanceDB loads: it tests with instanceof. */
import {createRequire} from 'node:module';

export default createRequire(import.meta.url)('apache-arrow');
