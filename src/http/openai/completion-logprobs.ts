// Log-probabilities in the columns of OpenAI's completions. Offsets count UTF-16 units, as JavaScript and the texts of the answer do.

import type { Logprob } from '../../chat/event.ts'

export interface LogprobsBody {
  tokens: string[]
  token_logprobs: number[]
  /** Null where no alternatives were asked for. */
  top_logprobs: Record<string, number>[] | null
  text_offset: number[]
}

/** Of one reply. */
export class LogprobColumns {
  readonly #all: Logprob[] = []
  #offset = 0

  add(logprobs: readonly Logprob[]): void {
    for (const logprob of logprobs) this.#all.push(logprob)
  }

  /** Per token; the lowest there is where there are none. */
  get mean(): number {
    if (this.#all.length === 0) return Number.NEGATIVE_INFINITY
    return this.#all.reduce((sum, { logprob }) => sum + logprob, 0) / this.#all.length
  }

  /** The next tokens of a stream; undefined where there are none. */
  take(logprobs: readonly Logprob[], alternatives: number): LogprobsBody | undefined {
    return logprobs.length === 0 ? undefined : this.#toColumns(logprobs, alternatives)
  }

  toBody(alternatives: number): LogprobsBody {
    return this.#toColumns(this.#all, alternatives)
  }

  #toColumns(logprobs: readonly Logprob[], alternatives: number): LogprobsBody {
    return {
      tokens: logprobs.map(({ token }) => token),
      token_logprobs: logprobs.map(({ logprob }) => logprob),
      top_logprobs:
        alternatives === 0 ? null : logprobs.map(({ top = [] }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
      text_offset: logprobs.map(({ token }) => {
        const offset = this.#offset
        this.#offset += token.length
        return offset
      }),
    }
  }
}
