import type { Logprob } from '../../chat/event.ts'
import type { ToolCall } from '../../chat/message.ts'
import type { DeltaEvent } from './completion.ts'

/** Some deltas taken together. */
export interface DeltaSum {
  text: string
  thinking: string
  calls: ToolCall[]
  logprobs: Logprob[]
  isEmpty: boolean
}

export function sumDeltas(deltas: readonly DeltaEvent[]): DeltaSum {
  const sum: DeltaSum = { text: '', thinking: '', calls: [], logprobs: [], isEmpty: true }
  for (const delta of deltas) {
    if (delta.type === 'text-delta') sum.text += delta.text
    else if (delta.type === 'thinking-delta') sum.thinking += delta.text
    else if (delta.type === 'tool-call') sum.calls.push(delta.call)
    if ('logprobs' in delta) for (const logprob of delta.logprobs ?? []) sum.logprobs.push(logprob)
  }
  sum.isEmpty = sum.text === '' && sum.thinking === '' && sum.calls.length === 0 && sum.logprobs.length === 0
  return sum
}

/** Nearly all there is: what a record says of it needs no sum. */
export function isPlainText(event: DeltaEvent): event is Extract<DeltaEvent, { type: 'text-delta' }> {
  return event.type === 'text-delta' && event.text !== '' && event.logprobs === undefined
}
