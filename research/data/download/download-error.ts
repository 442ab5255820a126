/** Why a download did not come about. */

/** Thrown when the archive cannot be reached, refuses, or sent something else than it promised. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
}
