import { makeMemoryStore } from '../support/store-harness';
import { describeSessionStore } from './session-store.contract';

describeSessionStore('memory', makeMemoryStore);
