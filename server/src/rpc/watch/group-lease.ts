import { groupLeaseMs } from '../../session/events/event-log';
import type { EventGroups, GroupState } from '../../session/events/event-log';
import type { Position } from '../../session/events/position';

export interface GroupMember {
  readonly group: string;
  /** Unique to the watcher. */
  readonly watcher: string;
}

/** A watcher's place in its group. Renewed by a timer, because a watcher whose client reads slowly must remain the active one. */
export class GroupLease {
  readonly #groups: EventGroups;
  readonly #member: GroupMember;
  readonly #timer: NodeJS.Timeout;
  #state: GroupState;
  #renewing: Promise<void> | undefined;
  #renewedAt = performance.now();

  private constructor(groups: EventGroups, member: GroupMember, state: GroupState) {
    this.#groups = groups;
    this.#member = member;
    this.#state = state;
    this.#timer = setInterval(() => void this.renew().catch(() => {}), groupLeaseMs / 5).unref();
  }

  /** @param after what the group has processed; `undefined`: unknown. A new group begins at `end` */
  static async join(
    groups: EventGroups,
    member: GroupMember,
    { after, end }: { readonly after: Position | undefined; readonly end: Position },
  ): Promise<GroupLease> {
    const state = await groups.join(member.group, member.watcher, after ?? end, after !== undefined);
    return new GroupLease(groups, member, state);
  }

  /** Whether the watcher may send events. Not if the lease could not be renewed in time: another watcher may have it. */
  get isActive(): boolean {
    return this.#state.isActive && performance.now() - this.#renewedAt < groupLeaseMs;
  }

  get acknowledged(): Position {
    return this.#state.acknowledged;
  }

  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => {});
    const { group, watcher } = this.#member;
    if (this.#state.isActive) await this.#groups.leave(group, watcher);
  }

  async #renew(): Promise<void> {
    const { group, watcher } = this.#member;
    const askedAt = performance.now();
    this.#state = await this.#groups.join(group, watcher, this.#state.acknowledged, false);
    this.#renewedAt = askedAt;
  }
}
