import type { ClientParts } from './command';
import type { ClientRequest } from './httpClient';
import { wholeNumber } from './numbers';

/** A list as the service gives it. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Null: there are no more. */
  readonly next: string | null;
}

const MOST_A_PAGE = 200;

/** As many items as `--limit` says, from as many pages as it takes. */
export async function pagesOf<T>(
  { client, options }: Pick<ClientParts, 'client' | 'options'>,
  path: string,
  query: ClientRequest['query'] = {},
): Promise<Page<T>> {
  const limit = wholeNumber(options.limit, 'limit', { least: 1, most: 10_000 }) ?? 50;
  let items: readonly T[] = [];
  let next: string | null = null;
  do {
    const page: Page<T> = await client.json<Page<T>>({
      path,
      query: { ...query, limit: Math.min(MOST_A_PAGE, limit - items.length), cursor: next ?? undefined },
    });
    items = items.concat(page.items).slice(0, limit);
    next = page.items.length === 0 ? null : page.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}
