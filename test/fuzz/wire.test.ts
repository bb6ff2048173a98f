import fc from 'fast-check';
import { type Game, GAMES, disturbed, filledIn } from './games';
import { judge } from './judge';
import { type Target, openTarget } from './target';
import { answersIn, sendAlone } from './wire';

const SEED = Number(process.env.FUZZ_SEED ?? 20261124);
const RUNS = Number(process.env.FUZZ_RUNS ?? 2000);

let target: Target;

beforeAll(async () => {
  target = await openTarget();
});

afterAll(() => target.close());

/** Sends it on a connection of its own, and judges each answer that comes back until the connection is closed. */
async function play({ text, answers: most }: Game, patienceMs = 100): Promise<readonly number[]> {
  const { port } = target.server.address;
  const filled = filledIn(text, { host: `127.0.0.1:${port}`, token: target.service.token });
  const back = await sendAlone(port, Buffer.from(filled, 'latin1'), patienceMs);
  try {
    const answers = answersIn(back);
    // Which operation took it cannot be told from bytes that are no request: the answer must be one that any may give.
    for (const answer of answers) judge(target, { method: 'GET', target: '/of/the/connection' }, answer);
    expect(answers.length).toBeLessThanOrEqual(most);
    expect(answers.filter(({ headers }) => headers['x-request-id'] === 'smuggled')).toEqual([]);
    return answers.map(({ status }) => status);
  } catch (error) {
    const shown = JSON.stringify(text.slice(0, 3000));
    throw new Error(
      `${String(error)}\n\nSent: ${shown}\n\nBack: ${JSON.stringify(back.toString('latin1').slice(0, 3000))}`,
      {
        cause: error,
      },
    );
  }
}

it('answers each trick with lengths, chunks, headers and request lines in plain HTTP, and takes no body for a request', async () => {
  for (const game of GAMES) {
    const statuses = await play(game, 1000);
    // A connection that brings nothing, asks for a tunnel or speaks of something else may be closed without a word.
    if (!/^(?:$|CONNECT|\r\n)|Upgrade/.test(game.text))
      expect([game.text.slice(0, 200), statuses]).not.toEqual([game.text.slice(0, 200), []]);
  }
});

it('does so too when some of the bytes are others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(disturbed, disturbed, disturbed, disturbed), async (games) => {
      await Promise.all(games.map((game) => play(game)));
    }),
    { seed: SEED, numRuns: Math.ceil(RUNS / 4), path: process.env.FUZZ_PATH },
  );
}, 300_000);

it('lives, and has changed nothing', async () => {
  expect(await play({ text: 'GET /livez HTTP/1.1\r\nHost: HOST\r\n\r\n', answers: 1 })).toEqual([200]);
  expect(
    (await target.service.services.changes.page({ limit: 10 })).items.filter(
      ({ requestId }) => requestId === 'smuggled',
    ),
  ).toEqual([]);
});
