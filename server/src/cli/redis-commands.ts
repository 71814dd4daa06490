/** The commands that talk to Redis, in one file of the build: ioredis is the largest part of each. */
export { runDoctor } from './doctor/run';
export { runConnectRedisImport, runJsonImport, runPyramidImport } from './import/commands';
