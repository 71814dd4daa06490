import { makeControlledStore, makeMemoryStore } from '../support/store-harness';
import { describeSessionStore } from './session-store.contract';

describeSessionStore('memory', makeMemoryStore);
describeSessionStore('memory, with a clock that tests move', makeControlledStore);
