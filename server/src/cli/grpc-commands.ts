/** The commands that call a sidecar, in one file of the build: grpc-js is the largest part of each. */
export { runLoad } from './load/run';
export { endSession, printSession } from './session/run';
export { countSessions, revokeSessions } from './sessions/run';
export { endSubject, printSubject } from './subject/run';
