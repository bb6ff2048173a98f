import { type Page, pageOf } from './answers';
import type { ClientParts } from './command';
import type { ClientRequest } from './httpClient';
import { wholeNumber } from './numbers';
import type { Shape } from './shape';

const MOST_A_PAGE = 200;

/** As many items as `--limit` says, from as many pages as it takes; one that is empty is not the last. */
export async function pagesOf<T>(
  { client, options }: Pick<ClientParts, 'client' | 'options'>,
  { path, query }: Pick<ClientRequest, 'path' | 'query'>,
  item: Shape<T>,
): Promise<Page<T>> {
  const limit = wholeNumber(options.limit, 'limit', { least: 1, most: 10_000 }) ?? 50;
  let items: readonly T[] = [];
  let next: string | null = null;
  const cursors = new Set<string>();
  do {
    const page: Page<T> = await client.json(
      {
        path,
        query: { ...query, limit: Math.min(MOST_A_PAGE, limit - items.length), cursor: next ?? undefined },
      },
      pageOf(item),
    );
    items = items.concat(page.items).slice(0, limit);
    ({ next } = page);
    if (next === null) break;
    if (cursors.has(next)) throw client.notTheService('it gives the cursor of one page twice');
    cursors.add(next);
  } while (items.length < limit);
  return { items, next };
}
