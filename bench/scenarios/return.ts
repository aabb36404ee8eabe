import { generate, type Target } from '../client.ts'
import { freshText, type Scenario } from '../scenario.ts'

/** More than a server with four slots or fewer has room for; one with eight is asked with nine. */
const OTHER_TALKS = { three: 2, nine: 8 }
const SHORT_REPLY = { num_predict: 4 }

/** Of about 1,500 tokens, which no other round shares. */
const beginningOf = (round: number, talk: number) => `${round}.${talk} ${freshText(1250, round * 16 + talk)}`

export const backToFirst = [
  backAfter('back to the first of three long talks', OTHER_TALKS.three),
  backAfter('back to the first of nine long talks', OTHER_TALKS.nine),
]

function backAfter(name: string, others: number): Scenario {
  return {
    name,
    unit: 'ms',
    about: 'first token of the next question in a talk of about 1,500 tokens after others have had their turn',
    async measure(target, round) {
      const first = `${beginningOf(round, 0)}\nQuestion: what is this?\nAnswer:`
      const { text } = await generate(target, first, SHORT_REPLY)
      for (let talk = 1; talk <= others; talk++) {
        await generate(target, `${beginningOf(round, talk)}\nQuestion: what is this?\nAnswer:`, SHORT_REPLY)
      }
      return (await generate(target, `${first}${text}\nQuestion: and who wrote it?\nAnswer:`, SHORT_REPLY)).firstTokenMs
    },
  }
}

export const afterUnload: Scenario = {
  name: 'the same prefix after an unload',
  unit: 'ms',
  about: 'first token of the next question in a talk of about 1,500 tokens after the model was unloaded, its load included',
  async measure(target, round) {
    const first = `${beginningOf(round, 0)}\nQuestion: what is this?\nAnswer:`
    const { text } = await generate(target, first, SHORT_REPLY)
    await unload(target)
    return (await generate(target, `${first}${text}\nQuestion: and who wrote it?\nAnswer:`, SHORT_REPLY)).firstTokenMs
  },
}

async function unload({ name, url, model }: Target): Promise<void> {
  const answer = await fetch(`${url}/api/generate`, { method: 'POST', body: JSON.stringify({ model, keep_alive: 0 }) })
  if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`)
  await answer.text()
  // Both answer before the process is gone; what is measured is the way back, not the end.
  await untilGone(url)
}

async function untilGone(url: string): Promise<void> {
  for (;;) {
    const { models } = (await (await fetch(`${url}/api/ps`)).json()) as { models: unknown[] }
    if (models.length === 0) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
