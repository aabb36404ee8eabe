import type { Answer } from './harness.ts'

/** The data of each event, parsed where it is JSON. */
export function sseData(answer: Answer): unknown[] {
  return answer.text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = event.slice(event.indexOf('data: ') + 'data: '.length)
      return data.startsWith('{') ? JSON.parse(data) : data
    })
}

export interface SseEvent {
  event: string
  data: Record<string, unknown> & { type: string }
}

/** Where each has a name and an object. */
export function sseEvents(answer: Answer): SseEvent[] {
  return answer.text
    .trimEnd()
    .split('\n\n')
    .map((block) => {
      const [event = '', data = ''] = block.split('\n')
      return { event: event.slice('event: '.length), data: JSON.parse(data.slice('data: '.length)) }
    })
}

/** What comes of a stream while it is written. */
export function followStream(answer: Response): { text(): string; until(wanted: string): Promise<void> } {
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    text: () => text,
    async until(wanted) {
      while (!text.includes(wanted)) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`the stream has ended without ${wanted}:\n${text}`)
        text += value
      }
    },
  }
}
