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
