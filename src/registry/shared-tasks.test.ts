import { describe, expect, it } from 'vitest'
import { SharedTasks, type TaskContext } from './shared-tasks.ts'

function controlled() {
  let resolve: (value: string) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const contexts: TaskContext[] = []
  const released: string[] = []
  const task = {
    run(context: TaskContext) {
      contexts.push(context)
      return new Promise<string>((done, failed) => {
        resolve = done
        reject = failed
        context.signal.addEventListener('abort', () => failed(new Error('stopped')))
      })
    },
    release: async (result: string) => void released.push(result),
  }
  return { task, contexts, released, resolve: (value: string) => resolve(value), reject: (error: Error) => reject(error) }
}

describe('shared work', () => {
  it('is done once for all who ask, and all see how far it is', async () => {
    const tasks = new SharedTasks<string>()
    const work = controlled()
    const [a, b] = [tasks.join('k', work.task), tasks.join('k', work.task)]
    work.contexts[0]?.report({ completedBytes: 3, totalBytes: 9 })
    expect([a.amount(), b.amount()]).toEqual([a.amount(), { completedBytes: 3, totalBytes: 9 }])
    work.resolve('done')
    expect(await Promise.all([a.result, b.result])).toEqual(['done', 'done'])
    expect(work.contexts).toHaveLength(1)
  })

  it('goes on while one caller is left and stops with the last', async () => {
    const tasks = new SharedTasks<string>()
    const work = controlled()
    const [a, b] = [tasks.join('k', work.task), tasks.join('k', work.task)]
    const outcome = expect(b.result).rejects.toThrow('stopped')
    await a.leave()
    await a.leave()
    expect(work.contexts[0]?.signal.aborted).toBe(false)
    await b.leave()
    expect(work.contexts[0]?.signal.aborted).toBe(true)
    await outcome
    expect(work.released).toEqual([])
  })

  it('gives its result back when the last caller leaves after the end', async () => {
    const tasks = new SharedTasks<string>()
    const work = controlled()
    const a = tasks.join('k', work.task)
    work.resolve('done')
    await a.result
    const b = tasks.join('k', work.task)
    await a.leave()
    expect(work.released).toEqual([])
    await b.leave()
    expect(work.released).toEqual(['done'])
    expect(work.contexts).toHaveLength(1)
  })

  it('that failed is started anew by the next caller', async () => {
    const tasks = new SharedTasks<string>()
    const work = controlled()
    const a = tasks.join('k', work.task)
    work.reject(new Error('broken'))
    await expect(a.result).rejects.toThrow('broken')
    tasks.join('k', work.task).result.catch(() => {})
    expect(work.contexts).toHaveLength(2)
    await a.leave()
    expect(work.contexts[1]?.signal.aborted).toBe(false)
  })

  it('is separate under separate keys', () => {
    const tasks = new SharedTasks<string>()
    const work = controlled()
    tasks.join('a', work.task)
    tasks.join('b', work.task)
    expect(work.contexts).toHaveLength(2)
  })
})
