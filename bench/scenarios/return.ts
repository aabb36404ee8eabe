import { generate, type Target, unload } from '../client.ts'
import { freshText } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

/** More than a server with four slots or fewer has room for; one with eight is asked with nine. */
const OTHER_TALKS = { three: 2, nine: 8 }
const SHORT_REPLY = { num_predict: 4 }

/** Of about 1,500 tokens, which no other seed shares. */
const beginningOf = (seed: number, talk: number) => `${seed}.${talk} ${freshText(1250, seed * 16 + talk)}`

export const backToFirst = [
  backAfter('back to the first of three long talks', OTHER_TALKS.three),
  backAfter('back to the first of nine long talks', OTHER_TALKS.nine),
]

function backAfter(name: string, others: number): Scenario {
  return {
    name,
    unit: 'ms',
    about: 'first token of the next question in a talk of about 1,500 tokens after others have had their turn',
    bar: { own: 60, ollama: 1, llamaServer: 1 },
    async measure(target, seed) {
      const first = `${beginningOf(seed, 0)}\nQuestion: what is this?\nAnswer:`
      const { text } = await generate(target, first, SHORT_REPLY)
      for (let talk = 1; talk <= others; talk++) {
        await generate(target, `${beginningOf(seed, talk)}\nQuestion: what is this?\nAnswer:`, SHORT_REPLY)
      }
      return (await generate(target, `${first}${text}\nQuestion: and who wrote it?\nAnswer:`, SHORT_REPLY)).firstTokenMs
    },
  }
}

export const afterUnload: Scenario = {
  name: 'the same prefix after an unload',
  unit: 'ms',
  about: 'first token of the next question in a talk of about 1,500 tokens after the model was unloaded, its load included',
  bar: { ollama: 10 },
  needs: ['native'],
  measure: (target, seed) =>
    talkAfter(target, seed, async () => {
      await unload(target)
      // Both answer before the process is gone; what is measured is the way back, not the end.
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }),
}

export const afterRestart: Scenario = {
  name: 'the same prefix after a restart of the server',
  unit: 'ms',
  about: 'the same after the server was ended and started again; its start is not counted, the load is',
  bar: { ollama: 10 },
  needs: ['restart', 'native'],
  measure: (target, seed) => talkAfter(target, seed + 500_000, async () => void (await target.process?.restart?.())),
}

async function talkAfter(target: Target, seed: number, interrupt: () => Promise<void>): Promise<number> {
  const first = `${beginningOf(seed, 0)}\nQuestion: what is this?\nAnswer:`
  const { text } = await generate(target, first, SHORT_REPLY)
  await interrupt()
  return (await generate(target, `${first}${text}\nQuestion: and who wrote it?\nAnswer:`, SHORT_REPLY)).firstTokenMs
}
