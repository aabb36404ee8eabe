import { expect, it } from 'vitest'
import { INSTALL_LIMIT_MS } from '../support/python.ts'
import { attackApi } from './schemathesis/attack.ts'

const SECONDS = 45

it(
  'no request that the document allows or forbids breaks the server, and no answer is another than it says',
  async () => {
    const { status, report, survived, complaints } = await attackApi({ seconds: SECONDS, phases: ['fuzzing', 'stateful'] })
    expect(complaints).toEqual([])
    expect(survived).toBe(true)
    expect(status, report.slice(-20_000)).toBe(0)
  },
  INSTALL_LIMIT_MS + 4 * SECONDS * 1000,
)
