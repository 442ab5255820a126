/** Times for people and manifests. */

/** ISO text without milliseconds, e.g. "2024-05-14T15:35:00Z". */
export function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
