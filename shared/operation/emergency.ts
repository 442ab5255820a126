/** What the bot asks of the emergency function, and what is said where there is none. */

/** Plain data: it travels as JSON. */
export interface EmergencyRequest {
  /** Of a flatten that is on record: while it is, the function acts, however often it is invoked. */
  readonly id: string;
}

/** Has the function started and answers at once; what it did, it tells by itself. */
export interface EmergencyStarter {
  start(request: EmergencyRequest): Promise<void>;
}

/** What a person does where no program can. */
export const BY_HAND =
  'By hand, in the exchange’s own app: close the position at market (reduce-only), then cancel what is open, stops last; then revoke the API key.';
