// When a server ends: the first SIGINT or SIGTERM, or who may, asks for it; a later signal does not wait. One key or one `kill` often sends
// two: to the group of processes, and again by the program that started this one. Those count once.

import type { Clock } from './base/clock.ts'

export interface End {
  /** Resolves with why. */
  asked: Promise<string>
  ask(reason: string): void
}

export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown
  exit(status: number): void
}

/** Nobody means it twice within this time. */
export const ECHO_MS = 500

export function awaitEnd(signals: Signals, clock: Clock): End {
  let ask: (reason: string) => void = () => {}
  const asked = new Promise<string>((resolve) => {
    ask = resolve
  })
  let firstNs: number | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    const nowNs = clock.monotonicNs()
    if (firstNs === undefined) {
      firstNs = nowNs
      ask(signal)
    } else if (nowNs - firstNs > ECHO_MS * 1e6) signals.exit(1)
  }
  signals.on('SIGINT', onSignal)
  signals.on('SIGTERM', onSignal)
  return { asked, ask }
}
