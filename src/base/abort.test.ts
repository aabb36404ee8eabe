import { describe, expect, it } from 'vitest'
import { onAbort, raceAbort, startAbortRace, throwIfAborted } from './abort.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('raceAbort', () => {
  it('gives what the promise gives while the signal is quiet', async () => {
    const { signal } = new AbortController()
    expect(await raceAbort(Promise.resolve(7), signal)).toBe(7)
    await expect(raceAbort(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
    expect(await raceAbort(Promise.resolve(8), undefined)).toBe(8)
  })

  it('throws `cancelled` with the reason as soon as the signal aborts', async () => {
    const controller = new AbortController()
    const race = raceAbort(new Promise(() => {}), controller.signal)
    controller.abort('gone')
    await expect(race).rejects.toMatchObject({ code: 'cancelled', cause: 'gone' })
  })

  it('throws `cancelled` for a signal that has aborted, whatever the promise has become', async () => {
    await expect(raceAbort(Promise.resolve(7), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    await expect(raceAbort(Promise.reject(new Error('broken')), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('leaves no rejection without a listener when the promise fails after the abort', async () => {
    const unheard: unknown[] = []
    const listen = (reason: unknown) => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    const failing = async () => {
      throw new Error('broken')
    }
    await expect(raceAbort(failing(), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    await settled()
    process.off('unhandledRejection', listen)
    expect(unheard).toEqual([])
  })

  it('takes its listener off the signal', async () => {
    const controller = new AbortController()
    let added = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      added++
      add(...parameters)
    }
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      added--
      remove(...parameters)
    }
    await raceAbort(Promise.resolve(), signal)
    expect(added).toBe(0)
  })
})

describe('startAbortRace', () => {
  it('gives what one promise after the other gives while the signal is quiet', async () => {
    const { race } = startAbortRace(new AbortController().signal)
    expect(await race(Promise.resolve(7))).toBe(7)
    await expect(race(Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await race(Promise.resolve(8))).toBe(8)
  })

  it('throws `cancelled` with the reason for the promise that is waited for, and for all that follow', async () => {
    const controller = new AbortController()
    const { race } = startAbortRace(controller.signal)
    await race(Promise.resolve(7))
    const waiting = race(new Promise(() => {}))
    controller.abort('gone')
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled', cause: 'gone' })
    await expect(race(Promise.resolve(8))).rejects.toMatchObject({ code: 'cancelled', cause: 'gone' })
  })

  it('throws `cancelled` when the signal aborts after the promise has settled and before anybody was told', async () => {
    const controller = new AbortController()
    const told = startAbortRace(controller.signal).race(Promise.resolve(7))
    controller.abort()
    await expect(told).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('leaves no rejection without a listener when the promise fails after the abort', async () => {
    const unheard: unknown[] = []
    const listen = (reason: unknown) => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    const { race } = startAbortRace(AbortSignal.abort())
    await expect(race(Promise.reject(new Error('broken')))).rejects.toMatchObject({ code: 'cancelled' })
    await settled()
    process.off('unhandledRejection', listen)
    expect(unheard).toEqual([])
  })

  it('listens to the signal once, however many promises there are, and not any more when it has ended', async () => {
    const { signal } = new AbortController()
    const listeners: unknown[] = []
    const remove = signal.removeEventListener.bind(signal)
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners.push(parameters[1])
      add(...parameters)
    }
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      listeners.splice(listeners.indexOf(parameters[1]), 1)
      remove(...parameters)
    }
    const { race, end } = startAbortRace(signal)
    for (let count = 0; count < 3; count++) await race(Promise.resolve())
    expect(listeners).toHaveLength(1)
    end()
    expect(listeners).toEqual([])
  })
})

describe('onAbort', () => {
  it('calls at once for a signal that has aborted, and never after it was taken off', () => {
    const calls: string[] = []
    onAbort(AbortSignal.abort(), () => calls.push('at once'))
    const controller = new AbortController()
    const off = onAbort(controller.signal, () => calls.push('later'))
    off()
    controller.abort()
    expect(calls).toEqual(['at once'])
  })
})

describe('throwIfAborted', () => {
  it('throws only for a signal that has aborted', () => {
    throwIfAborted(undefined)
    throwIfAborted(new AbortController().signal)
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow(expect.objectContaining({ code: 'cancelled' }))
  })
})
