// Progress as lines of JSON in the shape of the server's own records: a line for each status and for each percent of a transfer.

import type { OutputStream } from '../io.ts'
import type { ProgressDisplay } from './progress.ts'

export function createRecordDisplay(stream: OutputStream): ProgressDisplay {
  const saidPercents = new Map<string, number>()
  const print = (record: object): void => void stream.write(`${JSON.stringify(record)}\n`)
  return {
    status(text) {
      if (text !== '') print({ status: text })
    },
    bar(key, { label, totalBytes, currentBytes }) {
      const percent = totalBytes === 0 ? 100 : Math.floor((currentBytes / totalBytes) * 100)
      if (percent === saidPercents.get(key)) return
      saidPercents.set(key, percent)
      print({ status: label, digest: key, total: totalBytes, completed: currentBytes })
    },
    stop() {},
    clear() {},
  }
}
