import { describe, expect, it } from 'vitest'
import { DRAFT_GONE_MARK, DRAFT_MARK, GROWTH_MARKS, LOADED_MARK } from '../protocol.ts'
import { EngineLog, MAX_LINE_LENGTH, MAX_TAIL_LENGTH } from './engine-log.ts'

const logOf = (text: string) => {
  const log = new EngineLog(() => {})
  log.write(text)
  return log
}

describe('EngineLog', () => {
  it('keeps the last lines', () => {
    expect(logOf('one\ntwo\nthree\n').lastLines).toBe('one\ntwo\nthree')
  })

  it('joins a line that comes in pieces, and takes a last one without an end', () => {
    const log = logOf('he')
    log.write('llo\nwor')
    expect(log.lastLines).toBe('hello')
    log.write('ld')
    log.end()
    expect(log.lastLines).toBe('hello\nworld')
  })

  it('drops the lines about single tensors', () => {
    expect(logOf('create_tensor: loading tensor blk.0.attn_q.weight\nerror: no\n....\n').lastLines).toBe('error: no')
  })

  it('drops the oldest lines beyond its limit', () => {
    const log = logOf(`${'x'.repeat(100)}\n`.repeat(1000))
    expect(log.lastLines.length).toBeLessThanOrEqual(MAX_TAIL_LENGTH)
    expect(log.lastLines.length).toBeGreaterThan(MAX_TAIL_LENGTH - 102)
  })

  it.each([
    { name: 'in one piece', pieces: [`${'y'.repeat(MAX_LINE_LENGTH + 50)}\n`] },
    { name: 'in pieces', pieces: ['y'.repeat(MAX_LINE_LENGTH), 'y'.repeat(50), '\n'] },
  ])('cuts a line that is too long, $name', ({ pieces }) => {
    const log = new EngineLog(() => {})
    for (const piece of pieces) log.write(piece)
    expect(log.lastLines).toBe('y'.repeat(MAX_LINE_LENGTH))
  })

  it('adds up the buffers, those of a GPU apart', () => {
    const log = logOf(
      [
        'load_tensors:   CPU_Mapped model buffer size =    92.00 MiB',
        'load_tensors:        CUDA0 model buffer size =  1000.00 MiB',
        'llama_kv_cache:      CUDA0 KV buffer size =   8.00 MiB',
        'sched_reserve:   CUDA_Host compute buffer size =     4.00 MiB',
        '',
      ].join('\n'),
    )
    expect(log.sizes).toEqual({ sizeBytes: 1104 * 1024 * 1024, sizeVramBytes: 1008 * 1024 * 1024 })
  })

  it('counts the buffers of the context in force, whatever became of the growths before', () => {
    const context = (mebibytes: number) => `llama_kv_cache:        CPU KV buffer size =   ${mebibytes}.00 MiB\n`
    const log = logOf(`load_tensors:   CPU_Mapped model buffer size =    92.00 MiB\n${context(8)}${LOADED_MARK}\n`)
    log.write(`${GROWTH_MARKS.model.begin}\n${context(16)}`)
    expect(log.sizes.sizeBytes).toBe(100 * 1024 * 1024)
    log.write(`${GROWTH_MARKS.model.begin}\n${context(32)}${GROWTH_MARKS.model.end}\n`)
    expect(log.sizes.sizeBytes).toBe(124 * 1024 * 1024)
  })

  it('counts a draft model beside the other, its growths too, and nothing of one that is left out', () => {
    const buffers = (model: number, context: number) =>
      `load_tensors:   CPU_Mapped model buffer size =    ${model}.00 MiB\nllama_kv_cache:        CPU KV buffer size =   ${context}.00 MiB\n`
    const mebibytes = (log: EngineLog) => log.sizes.sizeBytes / 1024 / 1024
    const log = logOf(`${buffers(100, 8)}${DRAFT_MARK}\n${buffers(10, 2)}${LOADED_MARK}\n`)
    expect(mebibytes(log)).toBe(120)
    log.write(`${GROWTH_MARKS.model.begin}\n${buffers(0, 16)}${GROWTH_MARKS.model.end}\n`)
    expect(mebibytes(log)).toBe(128)
    log.write(`${GROWTH_MARKS.draft.begin}\n${buffers(0, 4)}${GROWTH_MARKS.draft.end}\n`)
    expect(mebibytes(log)).toBe(130)
    // Both are made before either takes over.
    log.write(`${GROWTH_MARKS.model.begin}\n${buffers(0, 32)}${GROWTH_MARKS.draft.begin}\n${buffers(0, 8)}`)
    expect(mebibytes(log)).toBe(130)
    log.write(`${GROWTH_MARKS.model.end}\n${GROWTH_MARKS.draft.end}\n`)
    expect(mebibytes(log)).toBe(150)
    const without = logOf(`${buffers(100, 8)}${DRAFT_MARK}\n${buffers(10, 2)}${DRAFT_GONE_MARK}\n${LOADED_MARK}\n`)
    expect(mebibytes(without)).toBe(108)
  })

  it('tells when the load has been written, and does not keep the mark', async () => {
    const log = logOf(`a\n${LOADED_MARK}\n`)
    await log.loaded
    expect(log.lastLines).toBe('a')
  })

  it('does not wait for the mark of a process that is gone', async () => {
    const log = logOf('a\n')
    log.end()
    await log.loaded
  })
})
