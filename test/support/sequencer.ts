/** Files in the order that keeps the processor busy to the end: those that mostly wait begin first. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders of tests that wait for programs, timers and leases. */
const WAITING = /\/test\/(e2e|browser|deploy)\//;

export class WaitingFirst extends BaseSequencer {
  /** A stable sort: among equals the order stays what vitest makes it, the larger file first. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (WAITING.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
