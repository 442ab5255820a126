/** Files in the order that keeps the processor busy to the end: of those that share processes, those that wait come first. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that wait for programs, timers and leases. */
const WAITING = /\/test\/(e2e|browser|deploy|reconciler\/active-trader)/;

export class WaitingFirst extends BaseSequencer {
  /** A stable sort: among equals the order stays what vitest makes it, the larger file first. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) => {
      // Between two files that share a process none may come that does not, or the process is ended.
      if (project.config.isolate) return 0;
      return WAITING.test(moduleId) ? 1 : 2;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
