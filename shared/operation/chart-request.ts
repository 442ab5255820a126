/** What the bot asks of whoever draws charts. */

/** Plain data: it travels as JSON. */
export interface ChartRequest {
  /** The same picture is sent once under one id, however often the request arrives. */
  readonly id: string;
  readonly chatId: number;
  /** Width of one candle: a multiple of the trader's interval. */
  readonly intervalMs: number;
}

/** Takes a request and answers at once; the picture comes when it is drawn. */
export interface ChartDrawer {
  request(request: ChartRequest): Promise<void>;
}
