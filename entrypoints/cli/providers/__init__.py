"""The commands of `mediator providers`."""
