import { describe } from '@jest/globals';
import type { MakeStore } from '../support/store-harness';
import { describeDeadlines } from './deadlines.contract';
import { describeBudgets } from './session-store/budgets.contract';
import { describeDuplicates } from './session-store/duplicates.contract';
import { describeExpiry } from './session-store/expiry.contract';
import { StoreFixture } from './session-store/fixture';
import { describeGrace } from './session-store/grace.contract';
import { describeInventory } from './session-store/inventory.contract';
import { describeLeases } from './session-store/leases.contract';
import { describeLife } from './session-store/life.contract';
import { describeMutations } from './session-store/mutations.contract';
import { describeSubjectLimit } from './session-store/subject-limit.contract';
import { describeSchema } from './session-store/schema.contract';
import { describeSubjects } from './session-store/subjects.contract';
import { describeUpdate } from './session-store/update.contract';

/** What session-store.ts says, sentence by sentence, on one implementation. */
export function describeSessionStore(name: string, makeStore: MakeStore): void {
  describeDeadlines(name, makeStore);
  describe(`SessionStore: ${name}`, () => {
    const fixture = new StoreFixture(makeStore);
    describeLife(fixture);
    describeUpdate(fixture);
    describeBudgets(fixture);
    describeMutations(fixture);
    describeDuplicates(fixture);
    describeExpiry(fixture);
    describeLeases(fixture);
    describeGrace(fixture);
    describeSubjects(fixture);
    describeSubjectLimit(fixture);
    describeInventory(fixture);
    describeSchema(fixture);
  });
}
