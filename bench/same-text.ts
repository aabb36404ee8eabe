// Whether two servers gave the same text, as far as arithmetic lets them: texts are compared token by token up to the first one whose lead over the
// next likely is below 0.35 in log-probability, since arithmetic in batches differs in the last bits. Texts that part at such a token are the same
// for all that can be asked; those that part at a clear one are not, and neither are those of which nobody can tell where they parted.

/** A token as a server reports it, and by how much it leads over the next likely one. */
export interface TracedToken {
  bytes: Uint8Array
  lead: number
}

/** What a server said when it was measured, and how it got there when it was asked again for its log-probabilities. */
export interface TracedText {
  text: string
  tokens: readonly TracedToken[]
}

/** `nearly even`: they part where either server's lead is below the limit. `lead` is the smaller one where they part; undefined when it is not known. */
export type Sameness = { kind: 'equal' } | { kind: 'nearly even' | 'different'; lead: number | undefined }

export const NEARLY_EVEN = 0.35

export function compareTexts(one: TracedText, other: TracedText): Sameness {
  if (one.text === other.text) return { kind: 'equal' }
  const parting = partingByte(Buffer.from(one.text), Buffer.from(other.text))
  // A server whose second answer is another one before that says nothing of the first.
  const traces = [one, other].filter((each) => repeatsUntil(each, parting)).map(({ tokens }) => tokens)
  const index = Math.min(...traces.map((tokens) => tokenAt(tokens, parting)), firstDifference(traces))
  const leads = traces.flatMap((tokens) => tokens[index]?.lead ?? [])
  const lead = leads.length === 0 ? undefined : Math.min(...leads)
  return { kind: lead !== undefined && lead < NEARLY_EVEN ? 'nearly even' : 'different', lead }
}

function partingByte(one: Uint8Array, other: Uint8Array): number {
  const index = one.findIndex((byte, at) => byte !== other[at])
  return index < 0 ? one.length : index
}

function repeatsUntil({ text, tokens }: TracedText, end: number): boolean {
  const traced = Buffer.concat(tokens.map(({ bytes }) => bytes))
  return traced.length >= end && traced.subarray(0, end).equals(Buffer.from(text).subarray(0, end))
}

/** Of the token that has this byte; the one after the last where the text ends before. */
function tokenAt(tokens: readonly TracedToken[], byte: number): number {
  let end = 0
  const index = tokens.findIndex(({ bytes }) => {
    end += bytes.length
    return end > byte
  })
  return index < 0 ? tokens.length : index
}

/** The same bytes may be other tokens: that is where two servers parted, though their texts did so later. */
function firstDifference([one, other]: readonly (readonly TracedToken[])[]): number {
  if (!(one && other)) return Number.POSITIVE_INFINITY
  const index = one.findIndex(({ bytes }, at) => !Buffer.from(bytes).equals(other[at]?.bytes ?? Buffer.of()))
  return index < 0 ? one.length : index
}
