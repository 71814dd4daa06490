import { makeMemoryStore } from '../support/store-harness';
import { describeDeadlines } from './deadlines.contract';
import { describeSessionStore } from './session-store.contract';

describeSessionStore('memory', makeMemoryStore);
describeDeadlines('memory', makeMemoryStore);
