// One question to a child process that answers each with one message. A message to a process that dies is lost: its exit is the answer then.

import type { ChildProcess, Serializable } from 'node:child_process'

/** Undefined when it has ended instead. */
export async function askChild<Answer>(child: ChildProcess, question: Serializable, exited: Promise<unknown>): Promise<Answer | undefined> {
  const answered = new Promise<Answer>((resolve) => child.once('message', (message) => resolve(message as Answer)))
  if (child.connected) child.send(question, () => {})
  return Promise.race([answered, exited.then(() => undefined)])
}
