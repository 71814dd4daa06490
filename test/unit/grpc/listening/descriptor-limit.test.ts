import { expect, test } from '@jest/globals';
import { connectionsByDescriptors } from '../../../../server/src/grpc/listening/descriptor-limit';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             96332                96332                processes \nMax open files            ${soft.padEnd(20)} 1048576              files     \n`;

test.each([
  ['1024', 1024 - 128],
  ['200', 72],
  ['64', 16],
  ['unlimited', Infinity],
])('%s open files allow %d gRPC connections', (soft, connections) => {
  expect(connectionsByDescriptors(limits(soft))).toBe(connections);
});

test('without a reported limit, connections are not limited by open files', () => {
  expect(connectionsByDescriptors('')).toBe(Infinity);
});
