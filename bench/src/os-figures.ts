import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** User and system time of all threads, with the resolution of a clock tick: 10 ms. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // proc(5): the command, in parentheses, may contain spaces. utime and stime are fields 14 and 15, counted from 1.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

/** A process and all that it and its children have started, such as the workers of a web server. */
export function processTreeOf(pid: number): number[] {
  // proc_pid_task(5): the processes that the main thread has started.
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTreeOf)];
}

/** The CPU time of all threads that exist now, with a resolution of a nanosecond. */
export function preciseCpuSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  // https://docs.kernel.org/scheduler/sched-stats.html: the first field is the time spent on a processor.
  const nanoseconds = threads.map((thread) => {
    const file = `/proc/${pid}/task/${thread}/schedstat`;
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ', 1)[0]) : 0;
  });
  return nanoseconds.reduce((a, b) => a + b, 0) / 1e9;
}

/** Resident memory, in bytes. */
export function residentBytesOf(pid: number): number {
  return memoryOf(pid, 'VmRSS');
}

/** The peak of resident memory since the start of the process, in bytes. */
export function peakResidentBytesOf(pid: number): number {
  return memoryOf(pid, 'VmHWM');
}

function memoryOf(pid: number, name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** The number of open files and sockets. */
export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

let ticks: number | undefined;

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}
