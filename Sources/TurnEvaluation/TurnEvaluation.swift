import TurnCore
