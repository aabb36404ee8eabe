// The fake runner's vocabulary: the 256 bytes, and a few special tokens that real models have.

const SPECIAL_TOKENS = ['<s>', '</s>', '<|im_start|>', '<|im_end|>', '<think>', '</think>', '<tool_call>', '</tool_call>'] as const
const SPECIAL_PATTERN = new RegExp(`(${SPECIAL_TOKENS.map((token) => token.replace(/[|]/g, '\\|')).join('|')})`)
const FIRST_SPECIAL = 256

export const FAKE_VOCABULARY_SIZE = FIRST_SPECIAL + SPECIAL_TOKENS.length
export const FAKE_BOS = { token: FIRST_SPECIAL, text: SPECIAL_TOKENS[0] } as const
export const FAKE_EOS = { token: FIRST_SPECIAL + 1, text: SPECIAL_TOKENS[1] } as const

export function toFakeTokens(text: string, parseSpecial: boolean): number[] {
  const parts = parseSpecial ? text.split(SPECIAL_PATTERN) : [text]
  return parts.flatMap((part) => {
    const special = parseSpecial ? (SPECIAL_TOKENS as readonly string[]).indexOf(part) : -1
    return special >= 0 ? [FIRST_SPECIAL + special] : [...Buffer.from(part)]
  })
}

export function fromFakeTokens(tokens: readonly number[]): string {
  const bytes = tokens.map((token) => (token < FIRST_SPECIAL ? Buffer.of(token) : Buffer.from(SPECIAL_TOKENS[token - FIRST_SPECIAL] ?? '')))
  return Buffer.concat(bytes).toString('utf8')
}
