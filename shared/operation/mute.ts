/** Silence on request: while alerts are muted only critical ones and answers to commands are delivered. Kept as a note, so that a restart does not end it. */
import type { TimeMs } from '../core/units.ts';
import type { ControlStore } from '../ports/control-store.ts';
import type { Notifier } from '../ports/notifier.ts';

const NOTE = 'mute';
const WRITE_ATTEMPTS_MAX = 10;

interface Mute {
  readonly untilMs: TimeMs;
}

/** When alerts sound again; 0 where they were never muted. In the past: they are not muted now. */
export async function mutedUntilMs(control: ControlStore): Promise<TimeMs> {
  return (await control.note<Mute>(NOTE))?.value.untilMs ?? (0 as TimeMs);
}

/** Mutes until then; a time past ends it. */
export async function mute(control: ControlStore, untilMs: TimeMs): Promise<void> {
  for (let i = 0; i < WRITE_ATTEMPTS_MAX; i++) {
    const { version } = (await control.note<Mute>(NOTE)) ?? { version: 0 };
    if (await control.saveNote(NOTE, { untilMs } satisfies Mute, version)) return;
  }
  throw new Error('the mute kept changing while it was being written: try again');
}

/**
 * `notifier`, silent while muted but for what is critical and for what answers a command. Where the mute
 * cannot be read, it speaks.
 */
export function mutable(notifier: Notifier, isMuted: () => Promise<boolean>): Notifier {
  return {
    name: notifier.name,
    async deliver(item) {
      const isAlways = item.severity === 'critical' || item.topic === 'state';
      if (!isAlways && (await isMuted().catch(() => false))) return;
      await notifier.deliver(item);
    },
  };
}
