// Log-probabilities in the columns of OpenAI's completions. Offsets count UTF-16 units, as JavaScript and the texts of the answer do.

import type { Logprob, PromptLogprob } from '../../chat/event.ts'

export interface LogprobsBody {
  tokens: string[]
  /** Null for the first token of a prompt. */
  token_logprobs: (number | null)[]
  /** Null where no alternatives were asked for, and for the first token of a prompt. */
  top_logprobs: (Record<string, number> | null)[] | null
  text_offset: number[]
}

/** Of one reply. */
export class LogprobColumns {
  readonly #prompt: PromptLogprob[] = []
  readonly #reply: Logprob[] = []
  #offset = 0

  /** Of an echoed prompt, before all others. */
  addPrompt(logprobs: readonly PromptLogprob[]): void {
    for (const logprob of logprobs) this.#prompt.push(logprob)
  }

  add(logprobs: readonly Logprob[]): void {
    for (const logprob of logprobs) this.#reply.push(logprob)
  }

  /** Per token of the reply; the lowest there is where there are none. */
  get mean(): number {
    if (this.#reply.length === 0) return Number.NEGATIVE_INFINITY
    return this.#reply.reduce((sum, { logprob }) => sum + logprob, 0) / this.#reply.length
  }

  /** The next tokens of a stream; undefined where there are none. */
  take(logprobs: readonly PromptLogprob[], alternatives: number): LogprobsBody | undefined {
    return logprobs.length === 0 ? undefined : this.#toColumns(logprobs, alternatives)
  }

  toBody(alternatives: number): LogprobsBody {
    return this.#toColumns([...this.#prompt, ...this.#reply], alternatives)
  }

  #toColumns(logprobs: readonly PromptLogprob[], alternatives: number): LogprobsBody {
    return {
      tokens: logprobs.map(({ token }) => token),
      token_logprobs: logprobs.map(({ logprob }) => logprob),
      top_logprobs:
        alternatives === 0
          ? null
          : logprobs.map(({ top }) => (top ? Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])) : null)),
      text_offset: logprobs.map(({ token }) => {
        const offset = this.#offset
        this.#offset += token.length
        return offset
      }),
    }
  }
}
