// Debian's Chromium, driven by playwright-core, as the people who open the console drive theirs.

import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable']

export function findChromium(): string | undefined {
  return process.env.LLAMERO_TEST_CHROMIUM ?? PLACES.find((place) => existsSync(place))
}

/** Why the tests with it cannot run here, or undefined. CI installs it, so that there an absence is a failure. */
export function missingChromium(): string | undefined {
  if (findChromium()) return undefined
  const reason = 'Chromium is not installed (Debian: apt-get install chromium), or LLAMERO_TEST_CHROMIUM names it'
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

export function startChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('Chromium is not installed')
  // Containers have little shared memory.
  return chromium.launch({ executablePath, args: ['--disable-dev-shm-usage'] })
}
