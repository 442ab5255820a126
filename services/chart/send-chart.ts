/** One chart request: read, drawn, sent; once, however often it arrives. */
import { autoRetry } from '@grammyjs/auto-retry';
import { Api, InputFile } from 'grammy';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import type { ChartRequest } from '../../shared/operation/chart-request.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Store } from '../../shared/ports/store.ts';
import { chartData } from './chart-data.ts';
import { drawChart } from './draw-chart.ts';
import { renderPng } from './render-png.ts';

export interface ChartParts {
  readonly store: Store;
  readonly control: ControlStore;
  readonly configuration: EffectiveConfiguration;
  readonly botToken: string;
  readonly allowedUserIds: readonly number[];
  readonly apiRoot?: string | undefined;
}

const CLAIM_KEPT_MS = 2 * 86_400_000;
const REQUEST_TIMEOUT_S = 10;
const RETRY_DELAY_MAX_S = 10;

/** False where there was nothing to do: sent before, or to somebody not on the list. */
export async function sendChart(
  { id, chatId, intervalMs }: ChartRequest,
  parts: ChartParts,
): Promise<boolean> {
  const { store, control, configuration, botToken, allowedUserIds, apiRoot } = parts;
  // Whoever may invoke this function still cannot make it write to strangers.
  if (!allowedUserIds.includes(chatId)) return false;
  if (!(await control.claim(id, CLAIM_KEPT_MS))) return false;
  const api = new Api(botToken, {
    timeoutSeconds: REQUEST_TIMEOUT_S,
    ...(apiRoot ? { apiRoot } : {}),
  });
  api.config.use(
    autoRetry({
      maxRetryAttempts: 2,
      maxDelaySeconds: RETRY_DELAY_MAX_S,
      rethrowHttpErrors: true,
    }),
  );
  const data = await chartData(store, configuration, intervalMs);
  if (!data) {
    await api.sendMessage(chatId, 'There are no candles to draw yet.');
    return true;
  }
  const png = await renderPng(drawChart(data));
  await api.sendPhoto(chatId, new InputFile(png, 'chart.png'));
  return true;
}
