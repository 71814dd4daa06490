import { readFileSync } from 'node:fs';

/*
 * For node --require: shifts the wall clock of a process by the number of ms in the file CHAOS_CLOCK_FILE, which it reads again at each
 * SIGUSR2. As with a real step of the clock, timers and performance.now() are not affected.
 */

const RealDate = Date;
let shiftMs = 0;

function readShift(): void {
  shiftMs = Number(readFileSync(process.env['CHAOS_CLOCK_FILE'] ?? '', 'utf8'));
}

const shiftedNow = (): number => RealDate.now() + shiftMs;

const ShiftedDate: DateConstructor = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(
      target,
      args.length === 0 ? [shiftedNow()] : args,
      newTarget === ShiftedDate ? target : newTarget,
    ) as Date,
  apply: () => new RealDate(shiftedNow()).toString(),
  get: (target, name) => (name === 'now' ? shiftedNow : (Reflect.get(target, name) as unknown)),
});

globalThis.Date = ShiftedDate;
readShift();
process.on('SIGUSR2', readShift);
