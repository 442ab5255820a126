/**
 * What a Lambda that a schedule wakes does around its work: makes its services at the first event, names
 * the event, keeps to the time it has left, and logs a failure in one line before it throws it.
 */
import type { Context, ScheduledEvent } from 'aws-lambda';

export interface ScheduledWork {
  /** The same in every delivery of one event. */
  readonly id: string;
  readonly timeLimitMs: number;
}

export type ScheduledHandler<Result> = (
  event: Partial<Pick<ScheduledEvent, 'id' | 'time'>>,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
) => Promise<Result>;

/** Left of the Lambda's own time for its last writes. */
const MARGIN_MS = 5_000;

/** One JSON line in the function's log. */
export function logLine(entry: object): void {
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}

export function scheduledHandler<Services, Result>(
  createServices: (environment: Readonly<Record<string, string | undefined>>) => Promise<Services>,
  run: (services: Services, work: ScheduledWork) => Promise<Result>,
): ScheduledHandler<Result> {
  /** Made at the first event: a variable that is wrong is then said in the log of that event. */
  let services: Promise<Services> | null = null;
  return async (event, context) => {
    try {
      services ??= createServices(process.env);
      return await run(await services, {
        id: event.time ?? event.id ?? context.awsRequestId,
        timeLimitMs: context.getRemainingTimeInMillis() - MARGIN_MS,
      });
    } catch (error) {
      services = null;
      const { name, message } = error as Error;
      logLine({ level: 'error', event: 'failed', name, message });
      throw error;
    }
  };
}
