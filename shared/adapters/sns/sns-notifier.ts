/** Publishes alerts to an SNS topic: the second channel, for when Telegram or the trader is gone. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Notifier } from '../../ports/notifier.ts';

export interface SnsNotifierOptions {
  readonly topicArn: string;
  /** Which deployment speaks; begins the subject. */
  readonly label: string;
  readonly region?: string;
  /** Another address than AWS's, for tests; its credentials are made up. */
  readonly endpoint?: string;
}

const TIMEOUT_MS = 5_000;
/** What SNS takes as the subject of a mail: printable ASCII, less than 100 of it. */
const SUBJECT_UNITS_MAX = 99;
/** 256 KiB are allowed, an alert is a few lines. */
const TEXT_UNITS_MAX = 60_000;

export function createSnsNotifier(options: SnsNotifierOptions): Notifier {
  const { topicArn, label, region, endpoint } = options;
  const client = new SNSClient({
    ...(region ? { region } : {}),
    ...(endpoint
      ? {
          endpoint,
          region: region ?? 'local',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        }
      : {}),
    requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
  });
  return {
    name: 'sns',
    async deliver({ severity, topic, text, timeMs }) {
      const subject = `${label}: ${severity}, ${topic}`.replace(/[^\x20-\x7e]/g, '?');
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: subject.slice(0, SUBJECT_UNITS_MAX),
          Message: `${text.slice(0, TEXT_UNITS_MAX)}\n\n${new Date(timeMs).toISOString()}`,
        }),
      );
    },
  };
}
