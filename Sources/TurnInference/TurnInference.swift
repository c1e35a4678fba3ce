import CTurnKernels
import TurnAudio
import TurnCore
