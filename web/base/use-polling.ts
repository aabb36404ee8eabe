import { useEffect, useRef } from 'preact/hooks'

/** Runs the task now and again while the page is seen; a task is never run beside itself. */
export function usePolling(task: () => Promise<void>, pauseMs: number): void {
  const latest = useRef(task)
  latest.current = task
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isRunning = false
    let hasEnded = false
    const run = async () => {
      if (isRunning || hasEnded || document.hidden) return
      clearTimeout(timer)
      isRunning = true
      await latest.current()
      isRunning = false
      if (!hasEnded) timer = setTimeout(() => void run(), pauseMs)
    }
    const wake = () => void run()
    document.addEventListener('visibilitychange', wake)
    wake()
    return () => {
      hasEnded = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wake)
    }
  }, [pauseMs])
}
