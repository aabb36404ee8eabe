// A scenario that asks for so many tokens measures replies that have them: a reply that ends early takes less time and costs less, and what the engine
// alone makes has none. Where one does, the same is asked again with another seed, of all who are compared; after some tries that is an error.

import { generate, type Reply, type Target } from './client.ts'

const TRIES = 4
/** Between the seed of one try and the next: further than rounds and clients take seeds apart. */
const SEED_STEP = 10_007

export class ShortReplyError extends Error {}

export function requireWhole({ name }: Pick<Target, 'name'>, replies: readonly Pick<Reply, 'evalTokens'>[], tokens: number): void {
  const shortest = Math.min(...replies.map(({ evalTokens }) => evalTokens))
  if (shortest < tokens) throw new ShortReplyError(`${name}: a reply ended after ${shortest} of ${tokens} tokens`)
}

/** As `generate`, for a reply that has all of the tokens that were asked for. */
export async function generateWhole(
  target: Target,
  prompt: string,
  options: { num_predict: number },
  more?: Record<string, unknown>,
): Promise<Reply> {
  const reply = await generate(target, prompt, options, more)
  requireWhole(target, [reply], options.num_predict)
  return reply
}

/** Gives `run` other seeds for as long as replies end early. `again`: how many times it did. */
export async function untilWhole<T>(seed: number, run: (seed: number) => Promise<T>): Promise<{ result: T; again: number }> {
  for (let again = 0; ; again++) {
    try {
      return { result: await run(seed + again * SEED_STEP), again }
    } catch (error) {
      if (!(error instanceof ShortReplyError) || again === TRIES - 1) throw error
    }
  }
}
